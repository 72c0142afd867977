import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { root, type Example } from './examples.js';

function optionsOf(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: { compilerOptions: object };
  };
  return {
    ...ts.convertCompilerOptionsFromJson(config.compilerOptions, root).options,
    // A reader's project, not this one's taste.
    noUnusedLocals: false,
    noUnusedParameters: false,
    declaration: false,
    paths: {
      'nestjs-background-worker': [join(root, 'lib/index.ts')],
      'nestjs-background-worker/adapter': [join(root, 'lib/adapter.ts')],
      'nestjs-background-worker/*': [join(root, 'lib/adapters/*/index.ts')],
    },
  };
}

/** Type errors, at the lines of the documents. All examples are one program, as checking `lib` once is fast enough. */
export function typeErrorsOf(written: ReadonlyMap<string, Example>): readonly string[] {
  const program = ts.createProgram([...written.keys()], optionsOf());
  return [...written].flatMap(([path, example]) => {
    const source = program.getSourceFile(path);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ start = 0, messageText }) => {
        const line = example.line + (source?.getLineAndCharacterOfPosition(start).line ?? 0);
        return `${example.document}:${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
      },
    );
  });
}

/** JavaScript beside it, for a process of its own. */
export function transpile(path: string): void {
  const { outputText } = ts.transpileModule(readFileSync(path, 'utf8'), {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ES2022,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
    },
  });
  writeFileSync(path.replace(/\.ts$/, '.js'), outputText);
}
