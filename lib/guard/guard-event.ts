/** A process, as a line names it. */
export interface Named {
  readonly pid: number;
  readonly entry: string;
}

/** Who said last that it holds the endpoint, and is alive. */
export interface Note extends Named {
  readonly since: string;
}

/** Why a holder cannot be asked. */
export type Strange = 'unproven' | 'refused' | 'other-version' | 'silent';

/** What the guard has to say, told apart by `type`; lines.ts makes the lines of it. Times in milliseconds. */
export type GuardEvent =
  | { readonly type: 'handedOver'; readonly to: Named; readonly ms: number; readonly closing: boolean }
  | {
      readonly type: 'tookOver';
      readonly from: Named;
      readonly ms: number;
      readonly how: 'closing' | 'running' | 'ended';
    }
  /** Another process is newer and has the workers. */
  | { readonly type: 'waitingForHolder'; readonly holder: Named }
  /** The one for whom this process waited has ended. */
  | { readonly type: 'cameBack'; readonly from: Named; readonly settled: boolean }
  /** This process ends before it was past its start, and had taken the workers from one that runs. */
  | { readonly type: 'gaveBack'; readonly to: Named }
  /** The newer app of this process closes. */
  | { readonly type: 'cameBackHere' }
  /** A newer app of this process has the workers. */
  | { readonly type: 'superseded' }
  | { readonly type: 'cannotStop'; readonly holder: Named; readonly workers: readonly string[] }
  | { readonly type: 'olderCannotStop'; readonly living: number }
  | { readonly type: 'late'; readonly holder: Named }
  | { readonly type: 'bootWaits'; readonly for: Named | Note | undefined; readonly endsIn: number | undefined }
  | { readonly type: 'strange'; readonly why: Strange; readonly note: Note | undefined }
  | { readonly type: 'watcherGone'; readonly successor: Named | undefined }
  | { readonly type: 'forced'; readonly by: number; readonly living: readonly string[]; readonly option: string }
  | { readonly type: 'broken'; readonly message: string; readonly retries: boolean };
