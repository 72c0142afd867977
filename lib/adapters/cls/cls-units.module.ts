import { Module, type DynamicModule } from '@nestjs/common';
import { BackgroundWorkerModule } from '../../background-worker.module.js';
import { ClsUnits, type ClsUnitsOptions } from './cls-units.js';

/**
 * Global: puts `ClsUnits` around the app's units.
 *
 * @example
 * ```ts
 * @Module({ imports: [BackgroundWorkerModule, ClsUnitsModule.forRoot({ carry: ['tenant'] })] })
 * class AppModule {}
 * ```
 */
@Module({})
export class ClsUnitsModule {
  /**
   * Once an app: two that differ are `BGW_TWO_CONFIGURATIONS` when it starts.
   *
   * @throws BackgroundWorkerError `BGW_INVALID_OPTION`
   */
  static forRoot(options: ClsUnitsOptions = {}): DynamicModule {
    const provider = { provide: ClsUnits, useValue: new ClsUnits(options) };
    const imports = [BackgroundWorkerModule];
    return { module: ClsUnitsModule, global: true, imports, providers: [provider], exports: [ClsUnits] };
  }
}
