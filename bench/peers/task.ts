/** What a peer on our database needs to know. */
export interface PeerTask {
  /** Of a service that is running: the peer reads and writes what that one does. */
  readonly dataDirectory: string;
}
