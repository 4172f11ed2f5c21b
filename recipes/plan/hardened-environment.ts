/**
 * What every package is compiled with unless its recipe says otherwise: the OpenSSF compiler hardening guide's options that gcc 12 has.
 * Debian's gcc makes position independent executables by itself. A recipe replaces one of these in `environment.environment`.
 */
export const hardenedEnvironment: Readonly<Record<string, string>> = {
  CFLAGS: hardenedCompile(),
  CXXFLAGS: hardenedCompile(),
  LDFLAGS: '-Wl,-O1 -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed',
}

function hardenedCompile(): string {
  return [
    '-O2 -pipe -Wformat -Werror=format-security',
    '-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3',
    '-fstack-protector-strong -fstack-clash-protection -fcf-protection=full',
    '-fno-delete-null-pointer-checks',
    '-ffile-prefix-map=/home/build=/usr/src',
  ].join(' ')
}
