import { describe, expect, it } from 'vitest';
import { modeRequest, type WrapOptions } from '../../src/vendor/wrap-choices.ts';
import { directoryView } from '../../src/view/directory.ts';
import { refusal } from '../plan/plan.ts';

const root = directoryView('/tmp', { label: 'the root' });
const requested = (options: Partial<WrapOptions>, whole = true) =>
  modeRequest({ mode: 'auto', seal: 'auto', bind: [], bindRo: [], ...options }, root, whole);

describe('the mode of a run', () => {
  it('is chosen later for auto, with the options of Flatwrap mode for the case that it is chosen', () => {
    expect(requested({ runner: 'bwrap', trim: false })).toMatchObject({
      mode: 'auto',
      choices: { runner: 'bwrap' },
      trim: false,
      unwrappable: undefined,
    });
    expect(requested({ etc: 'host' }).mode).toBe('auto');
    expect(requested({})).toMatchObject({ isExplicit: true });
    expect(requested({ mode: undefined })).toMatchObject({ mode: 'auto', isExplicit: false });
  });

  it.each<[string, Partial<WrapOptions>]>([
    ['--etc staged', { etc: 'staged' }],
    ['--bind', { bind: ['/data'] }],
    ['--bind-ro', { bindRo: ['/data'] }],
  ])('is a trimmed Flatwrap if %s asks for a view', (option, options) => {
    expect(requested(options)).toMatchObject({
      mode: 'flatwrap',
      choices: { trim: true },
      because: `${option} asks for a view`,
    });
  });

  it.each<[string, Partial<WrapOptions>, boolean]>([
    ['the root has no os-release', {}, false],
    ['no loader is to be sealed', { seal: 'none' }, true],
  ])('cannot be Flatwrap if %s', (_, options, whole) => {
    expect(requested(options, whole)).toMatchObject({
      mode: 'auto',
      unwrappable: expect.any(String) as string,
    });
  });

  it('is refused with the options of another one', () => {
    expect(refusal(() => requested({ bind: ['/data'] }, false)).code).toBe('not-a-whole-root');
    expect(refusal(() => requested({ mode: 'flix', trim: true })).message).toBe(
      '--trim needs --mode flatwrap',
    );
    expect(refusal(() => requested({ mode: 'flatwrap', seal: 'none' })).code).toBe('usage');
    expect(refusal(() => requested({ mode: 'flatwrap' }, false)).code).toBe('not-a-whole-root');
  });
});
