import { ClsUnits } from 'nestjs-background-worker/cls';
import * as mikroOrm from 'nestjs-background-worker/mikro-orm';
import * as typeOrm from 'nestjs-background-worker/typeorm';

const modules = [typeOrm.TypeOrmUnitsModule.forRoot(), mikroOrm.MikroOrmUnitsModule.forRoot()];
const names = [...modules.map(({ module }) => module.name), new ClsUnits().constructor.name];
console.log(`subpaths: ${[...names, typeOrm.onCommit.name, mikroOrm.onCommit.name].join()}`);
