import ipaddr from 'ipaddr.js';

/** Whose a network address is. Who has one IPv6 address has the 2^64 beside it as well. Some proxies add a port, and each connection has another one. */
export function networkOf(given: string): string {
  const address = /^\[(.*)\](?::\d+)?$|^([\d.]+):\d+$/.exec(given)?.slice(1).find(Boolean) ?? given;
  if (!ipaddr.isValid(address)) return 'no address';
  const parsed = ipaddr.process(address);
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, 4).join(':') : parsed.toString();
}
