import { boot } from './boot.js';

void boot();
