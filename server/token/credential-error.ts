import { ApiError } from '../../schema/errors.ts';

/** One answer for every fault of a credential, so that trying teaches nothing. RFC 6750, section 3.1. */
export const untrusted = () =>
  new ApiError('UNAUTHENTICATED', 'This credential is not accepted.', challenge('The credential is not accepted'));

/** Only after the signature held: the token is genuine, and over. */
export const tokenExpired = () =>
  new ApiError('TOKEN_EXPIRED', 'This session token has expired.', challenge('The session token has expired'));

/** Only after the signature held: the token is genuine, and somebody ended it. */
export const tokenRevoked = () =>
  new ApiError('TOKEN_REVOKED', 'This session token was revoked.', challenge('The session token was revoked'));

/** The credential says of itself that it belongs to the other environment. Whether it is genuine was not looked at. */
export const wrongEnvironment = (environment: string, endpoint: string) =>
  new ApiError('WRONG_ENVIRONMENT', `This credential is for ${environment}: send it to ${endpoint}.`, {
    endpoint,
    ...challenge('The credential belongs to another environment'),
  });

const challenge = (description: string) => ({
  headers: { 'www-authenticate': `Bearer error="invalid_token", error_description="${description}"` },
});
