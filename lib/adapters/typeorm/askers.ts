import 'reflect-metadata';
import type { InjectionToken } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';

type Module = ModulesContainer extends Map<string, infer M> ? M : never;
type Wrapper = Module['providers'] extends Map<unknown, infer W> ? W : never;

/** Whether anything in an app can ask a provider for something: what it keeps for them costs nothing where nothing can. */
export class Askers {
  private atBoot: { readonly injected: boolean; readonly modules: number } | undefined;

  constructor(
    private readonly modules: ModulesContainer,
    private readonly token: InjectionToken,
  ) {}

  /** Once asked, the app's own providers are not looked at again. A module that is loaded lazily later may inject it. */
  get any(): boolean {
    const { size } = this.modules;
    this.atBoot ??= { injected: this.isInjected(), modules: size };
    return this.atBoot.injected || size > this.atBoot.modules;
  }

  private isInjected(): boolean {
    for (const { providers, controllers, injectables } of this.modules.values())
      for (const all of [providers, controllers, injectables])
        for (const wrapper of all.values())
          if (declaredBy(wrapper).some((one) => tokenOf(one) === this.token)) return true;
    return false;
  }
}

const PARAMETERS = 'design:paramtypes';
const INJECTED_PARAMETERS = 'self:paramtypes';
const INJECTED_PROPERTIES = 'self:properties_metadata';

/** What a provider wants, as Nest's decorators note it. Nest 11 itself does not know the dependencies of scoped ones before their time. */
function declaredBy({ metatype, inject }: Wrapper): readonly unknown[] {
  if (inject) return inject;
  if (!metatype) return [];
  const noted = (key: string): readonly object[] => (Reflect.getMetadata(key, metatype) ?? []) as readonly object[];
  const named = [...noted(INJECTED_PARAMETERS), ...noted(INJECTED_PROPERTIES)] as readonly Injected[];
  return [...noted(PARAMETERS), ...named.map(({ param, type }) => param ?? type)];
}

interface Injected {
  readonly param?: unknown;
  readonly type?: unknown;
}

/** Of a dependency that may be optional, or a forward reference. */
function tokenOf(dependency: unknown): unknown {
  if (typeof dependency !== 'object' || dependency === null) return dependency;
  const { token, forwardRef } = dependency as { token?: unknown; forwardRef?: () => unknown };
  return forwardRef ? forwardRef() : token;
}
