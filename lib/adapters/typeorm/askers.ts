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
          if (dependenciesOf(wrapper).some((one) => one.token === this.token)) return true;
    return false;
  }
}

const dependenciesOf = (wrapper: Wrapper): readonly Wrapper[] => [
  ...(wrapper.getCtorMetadata() ?? []),
  ...(wrapper.getPropertiesMetadata() ?? []).map((property) => property.wrapper),
];
