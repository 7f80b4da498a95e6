import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createCommand } from '../../src/cli/command.ts';
import { recipeOptions, vendorOptions } from '../../src/cli/option-table.ts';
import { addOptions, type OptionRow, optionValues } from '../../src/cli/options.ts';
import { readRecipe } from '../../src/cli/recipe-file.ts';
import { vendorCommand } from '../../src/cli/vendor.ts';
import { scratch } from '../io/scratch.ts';

const at = scratch();

function valuesOf(argv: readonly string[], recipe: Readonly<Record<string, unknown>> = {}) {
  const command = addOptions(createCommand('vendor'), vendorOptions).parse(argv, { from: 'user' });
  return optionValues(command, vendorOptions, recipe);
}

describe('the values of options', () => {
  it('come from the command line first, then from flix.json, then from the table', () => {
    expect(valuesOf(['--seal', 'none'], { seal: 'auto', compress: 'fast' })).toMatchObject({
      seal: 'none',
      compress: 'fast',
      format: 'ddi',
    });
  });

  it('of a repeated option are replaced as a whole', () => {
    const recipe = { staging: ['/a', '/b'] };
    expect(valuesOf([], recipe).staging).toEqual(['/a', '/b']);
    expect(valuesOf(['--staging', '/c', '--staging', '/d'], recipe).staging).toEqual(['/c', '/d']);
    expect(valuesOf([]).staging).toEqual([]);
  });

  it('are absent where nothing gives one', () => {
    expect(valuesOf([])).not.toHaveProperty('trim');
    expect(valuesOf(['--no-trim'], { trim: true }).trim).toBe(false);
    expect(valuesOf([], { trim: true }).trim).toBe(true);
  });

  it('include --no-run, which has no positive form', () => {
    expect(valuesOf([]).run).toBe(true);
    expect(valuesOf(['--no-run']).run).toBe(false);
  });
});

describe('the option table of vendor', () => {
  const rows = Object.entries<OptionRow>({ ...recipeOptions, ...vendorOptions });
  const schema = JSON.parse(fs.readFileSync('docs/flix.schema.json', 'utf8')) as {
    readonly properties: Readonly<Record<string, object>>;
  };

  it.each(rows)(
    'says of %s whether flix.json may hold it, and the schema and the reader agree',
    (key, row) => {
      const value = { switch: true, text: 'x', path: 'x', list: ['x'], paths: ['x'] }[row.type];
      const choice = row.choices?.[0];
      const valid = choice === undefined ? value : row.type === 'list' ? [choice] : choice;
      fs.writeFileSync(at('flix.json'), JSON.stringify({ [key]: valid }));
      const allowed = Object.hasOwn(recipeOptions, key);
      expect(Object.hasOwn(schema.properties, key)).toBe(allowed);
      if (allowed) expect(Object.keys(readRecipe(at('flix.json')))).toEqual([key]);
      else expect(() => readRecipe(at('flix.json'))).toThrow(`unknown key "${key}"`);
    },
  );

  it.each([
    [{ exclude: ['/usr', '/a\0b'] }, 'exclude'],
    [{ root: '/a\0b' }, 'root'],
    [{ tests: [{ run: ['true', 'x\0'] }] }, 'tests[0].run'],
  ])('refuses the character that ends a string for the kernel: %j', (recipe, key) => {
    fs.writeFileSync(at('flix.json'), JSON.stringify(recipe));
    expect(() => readRecipe(at('flix.json'))).toThrow(String.raw`${key} contains the character \u0000`);
  });

  it('ignores a byte order mark', () => {
    fs.writeFileSync(at('flix.json'), '\uFEFF{"name": "app"}');
    expect(readRecipe(at('flix.json'))).toEqual({ name: 'app' });
  });

  it.each([
    ['{"name": "a", "paths": ["x"], "name": "b"}', 'name'],
    ['{"name": "a", "n\\u0061me": "b"}', 'name'],
    ['{"tests": [{"run": "a"}, {"run": "\\"a\\" {[:", "run": "b"}]}', 'run'],
  ])('refuses a key that an object has twice: %s', (text, key) => {
    fs.writeFileSync(at('flix.json'), text);
    expect(() => readRecipe(at('flix.json'))).toThrow(`the key "${key}" occurs twice in one object`);
  });

  it('accepts a key in several objects, and a value that looks like a key', () => {
    fs.writeFileSync(at('flix.json'), '{"name": "name", "tests": [{"run": "\\"a\\":"}, {"run": "run"}]}');
    expect(readRecipe(at('flix.json'))['name']).toBe('name');
  });

  it('says how to write a first recipe if there is none', () => {
    expect(() => readRecipe(at('absent.json'))).toThrow(
      expect.objectContaining({ fix: 'Name a recipe, or write one: flix init PACKAGE' }),
    );
  });

  it('names each option as commander does, so that a key of flix.json reaches its option', () => {
    const names = vendorCommand().options.map(option => option.attributeName());
    expect([...new Set(names)]).toEqual(Object.keys(vendorOptions));
  });

  it('resolves the paths of flix.json against its directory', () => {
    fs.writeFileSync(at('flix.json'), '{"out": "tree", "staging": ["a", "/b"], "prefix": "/usr/lib/x"}');
    expect(readRecipe(at('flix.json'))).toEqual({
      out: at('tree'),
      staging: [at('a'), '/b'],
      prefix: '/usr/lib/x',
    });
  });
});
