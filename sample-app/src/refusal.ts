import { BadRequestException } from '@nestjs/common';

/** A 400 that names the field, its value and what is allowed. */
export function refuse(field: string, value: unknown, allowed: string): BadRequestException {
  const shown = value === undefined ? 'missing' : excerpt(JSON.stringify(value));
  return new BadRequestException(`${field} is ${shown}; allowed is ${allowed}`);
}

export const excerpt = (text: string): string => (text.length > 100 ? `${text.slice(0, 100)}…` : text);
