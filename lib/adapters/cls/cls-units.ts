import { CLS_ID, ClsServiceManager } from 'nestjs-cls';
import type { UnitInfo, UnitInterceptor } from '../../contract/units.js';
import { AroundUnits } from '../../definition/decorators.js';
import { checkAll, invalid, rule } from '../../definition/check.js';

/**
 * What `ClsUnitsModule.forRoot()` and `new ClsUnits()` take.
 *
 * @example
 * ```ts
 * import { CLS_ID } from 'nestjs-cls';
 *
 * const options: ClsUnitsOptions = { carry: ['tenant', CLS_ID] };
 * ```
 */
export interface ClsUnitsOptions {
  /**
   * Keys whose values go along from where the work was submitted; `CLS_ID` may be one. The values must be strings, as they
   * travel with the task. Default: none.
   */
  carry?: readonly (string | typeof CLS_ID)[];
}

const isKey = (value: unknown): boolean => (typeof value === 'string' && value !== '') || value === CLS_ID;
const keys = rule('a list of non-empty strings or CLS_ID', (value) => Array.isArray(value) && value.every(isKey));
const headerOf = (key: string | symbol): string => `cls.${typeof key === 'symbol' ? 'CLS_ID' : key}`;

/**
 * Opens a store of nestjs-cls for each unit; `getId()` in it is the unit's id. `ClsUnitsModule.forRoot()` makes one.
 *
 * @example
 * ```ts
 * const units = [new ClsUnits({ carry: ['tenant'] })];
 * const module = BackgroundWorkerModule.forRoot({ units });
 * ```
 */
@AroundUnits('import ClsUnitsModule.forRoot()')
export class ClsUnits implements UnitInterceptor {
  private readonly cls = ClsServiceManager.getClsService();
  private readonly carried: readonly (string | typeof CLS_ID)[];

  /** @throws BackgroundWorkerError `BGW_INVALID_OPTION` */
  constructor(options: ClsUnitsOptions = {}) {
    checkAll('ClsUnits', options, { carry: keys });
    this.carried = options.carry ?? [];
  }

  /** @throws BackgroundWorkerError `BGW_INVALID_OPTION` where a value to carry is not a string */
  capture(): Record<string, string> | undefined {
    if (this.carried.length === 0 || !this.cls.isActive()) return undefined;
    const headers: Record<string, string> = {};
    for (const key of this.carried) {
      const value = this.cls.get<unknown>(key);
      if (value === undefined || value === null) continue;
      if (typeof value !== 'string') throw invalid('ClsUnits', `carry: ${String(key)}`, value, 'a string in the store');
      headers[headerOf(key)] = value;
    }
    return headers;
  }

  /** `submit(fn, { context: 'inherit' })` asks for the caller's store: then this one begins as a copy of it. */
  around({ id, headers }: UnitInfo, next: () => Promise<unknown>): Promise<unknown> {
    return this.cls.run({ ifNested: 'inherit' }, () => {
      this.cls.set(CLS_ID, id);
      for (const key of this.carried) {
        const value = headers[headerOf(key)];
        if (value !== undefined) this.cls.set(key, value);
      }
      return next();
    });
  }
}
