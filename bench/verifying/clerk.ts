import { verifyToken } from '@clerk/backend';
import { exportSPKI, generateKeyPair, SignJWT } from 'jose';

const tokensPerRound = 1_000;
const issuer = 'https://clerk.example.com';

/** Session tokens as Clerk makes them: it takes RS256 only, and these claims. */
export async function createClerkSigner() {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  const jwtKey = await exportSPKI(publicKey);

  const sign = (index: number) =>
    new SignJWT({ azp: issuer, sid: `sess_${index}`, sts: 'active', fva: [0, -1], v: 2 })
      .setProtectedHeader({ alg: 'RS256', kid: 'ins_1', typ: 'JWT', cat: 'cl_B7d4PD111AAA' })
      .setIssuer(issuer)
      .setSubject(`user_${index}`)
      .setIssuedAt()
      .setNotBefore('-10s')
      .setExpirationTime('1h')
      .sign(privateKey);

  return {
    signMany: (): Promise<string[]> =>
      Promise.all(Array.from({ length: tokensPerRound }, (_none, index) => sign(index))),
    check: (token: string) => verifyToken(token, { jwtKey, authorizedParties: [issuer] }),
  };
}
