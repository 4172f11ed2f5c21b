/** Functions of glibc that have a checked counterpart `__NAME_chk`. Source: glibc debug/Versions. */
export const fortifiable: ReadonlySet<string> = new Set(
  [
    'asprintf vasprintf dprintf vdprintf fprintf vfprintf printf vprintf sprintf vsprintf snprintf vsnprintf obstack_printf obstack_vprintf',
    'fwprintf vfwprintf wprintf vwprintf swprintf vswprintf syslog vsyslog confstr explicit_bzero fgets fgets_unlocked fgetws fgetws_unlocked',
    'fread fread_unlocked getcwd getdomainname getgroups gethostname getlogin_r gets getwd longjmp mbsnrtowcs mbsrtowcs mbstowcs memcpy memmove',
    'mempcpy memset poll ppoll pread pread64 ptsname_r read readlink readlinkat realpath recv recvfrom stpcpy stpncpy strcat strcpy strncat',
    'strncpy strlcpy strlcat ttyname_r wcpcpy wcpncpy wcrtomb wcscat wcscpy wcsncat wcsncpy wcslcpy wcslcat wcsnrtombs wcsrtombs wcstombs',
    'wctomb wmemcpy wmemmove wmempcpy wmemset inet_ntop inet_pton',
  ].flatMap((line) => line.split(' ')),
)
