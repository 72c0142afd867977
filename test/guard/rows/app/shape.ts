/** What a test says of the app. */
export interface Settings {
  /** Of the app in the journal. */
  readonly name?: string;
  readonly rootModule?: string;
  readonly workers?: readonly string[];
  readonly enabled?: readonly string[];
  readonly key?: string;
  readonly guard?: 'auto' | 'on' | 'off';
  readonly port?: number;
  /** A body takes so long to stop, in milliseconds. */
  readonly drain?: number;
  /** onModuleInit ends when the test has made this file. */
  readonly init?: string;
}
