/** An API report for each subpath of the package. Fails where one differs; with --local it is rewritten instead. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor';

const root = fileURLToPath(new URL('..', import.meta.url));
const packageJsonFullPath = `${root}package.json`;
const { exports } = JSON.parse(readFileSync(packageJsonFullPath, 'utf8'));
const localBuild = process.argv.includes('--local');

for (const [subpath, { types }] of Object.entries(exports)) {
  if (types === undefined) continue;
  const configObjectFullPath = `${root}api-extractor.json`;
  const configObject = ExtractorConfig.loadFile(configObjectFullPath);
  configObject.mainEntryPointFilePath = `${root}${types}`;
  if (subpath !== '.') configObject.apiReport.reportFileName = `api-report.${subpath.slice(2)}.api.md`;
  const config = ExtractorConfig.prepare({ configObject, configObjectFullPath, packageJsonFullPath });
  const { succeeded } = Extractor.invoke(config, { localBuild, showVerboseMessages: true });
  if (!succeeded) process.exitCode = 1;
}
