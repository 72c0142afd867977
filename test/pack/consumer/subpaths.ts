import { ClsUnits } from 'nestjs-background-worker/cls';
import { MikroOrmUnitsModule, onCommit as onMikroOrmCommit } from 'nestjs-background-worker/mikro-orm';
import { onCommit, TypeOrmUnitsModule } from 'nestjs-background-worker/typeorm';

const modules = [TypeOrmUnitsModule.forRoot(), MikroOrmUnitsModule.forRoot()];
console.log(`subpaths: ${[...modules.map(({ module }) => module.name), new ClsUnits().constructor.name].join()}`);
export type Hooks = [typeof onCommit, typeof onMikroOrmCommit];
