import { BadRequestException, StandardSchemaValidationPipe } from '@nestjs/common';
import { z } from 'zod';

/** Asks the schema of `@Body({ schema })`. What it refuses is a 400 that names each field, its value and what is allowed. */
export const bodyPipe = new StandardSchemaValidationPipe({
  exceptionFactory: (issues) => {
    const lines = issues.map(({ path = [], message }) => `${z.core.toDotPath(path) || 'body'} ${message}`);
    return new BadRequestException([...new Set(lines)].join('; '));
  },
});

/** What a schema says of a value that it refuses. */
export const allowed = (what: string) => ({
  error: ({ input }: { input: unknown }) =>
    `is ${input === undefined ? 'missing' : excerpt(JSON.stringify(input))}; allowed is ${what}`,
});

const excerpt = (text: string): string => (text.length > 100 ? `${text.slice(0, 100)}…` : text);
