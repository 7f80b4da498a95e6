/** Which dependencies of the named packages come along; `needed`: those that evidence points to. */
export const dependsChoices = ['needed', 'all', 'none'] as const;
export type Depends = (typeof dependsChoices)[number];

/** What packages contain for people and compilers, which `--with` brings. */
export const extras = ['docs', 'man', 'locales', 'headers'] as const;
export type Extra = (typeof extras)[number];
