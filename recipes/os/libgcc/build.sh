#!/bin/sh
# Compiles GCC's runtime library by itself. Its own makefiles do so only as a part of building the whole compiler, of which they take
# a few generated headers; what those say of x86-64 Linux is written here.
# usage: build.sh SOURCE (GCC's tree); leaves libgcc_s.so.1 in the current folder
set -eu
source=$1

echo '#define USED_FOR_TARGET' > tconfig.h
: > libgcc_tm.h
: > auto-target.h
cat > tm.h <<'HEADER'
#ifndef GCC_TM_H
#define GCC_TM_H
#define UNITS_PER_WORD 8
#ifndef MIN_UNITS_PER_WORD
#define MIN_UNITS_PER_WORD 8
#endif
#define BITS_PER_UNIT 8
#define HAVE_LD_EH_FRAME_HDR 1
#define DWARF_REG_TO_UNWIND_COLUMN(REGNO) (REGNO)
#include "config/i386/value-unwind.h"
#endif
HEADER
cp "$source/libgcc/config/i386/linux-unwind.h" md-unwind-support.h
cp "$source/libgcc/unwind-generic.h" unwind.h
cp "$source/libgcc/gthr-posix.h" gthr-default.h

compile() {
  output=$1
  input=$2
  shift 2
  gcc $CFLAGS -fPIC -mlong-double-80 -fbuilding-libgcc -D_GNU_SOURCE -DIN_GCC -DIN_LIBGCC2 -DSHARED -DHAVE_CC_TLS -DUSE_TLS \
    -I. -I"$source/libgcc" -I"$source/gcc" -I"$source/include" "$@" -c "$source/libgcc/$input" -o "$output"
}

for name in unwind-dw2 unwind-dw2-fde-dip unwind-c emutls; do
  compile "$name.o" "$name.c" -fexceptions
done

# Arithmetic on integers twice as wide as a word: with words of 8 octets (128 bits), and of 4 (64 bits).
double='_muldi3 _negdi2 _lshrdi3 _ashldi3 _ashrdi3 _cmpdi2 _ucmpdi2 _absvdi2 _addvdi3 _subvdi3 _mulvdi3 _negvdi2 _ffsdi2 _clzdi2
  _ctzdi2 _popcountdi2 _paritydi2 _clrsbdi2 _divdi3 _moddi3 _divmoddi4 _udivdi3 _umoddi3 _udivmoddi4'
other='_clear_cache _absvsi2 _addvsi3 _subvsi3 _mulvsi3 _negvsi2 _ffssi2 _clz _clzsi2 _ctzsi2 _popcount_tab _popcountsi2 _paritysi2
  _clrsbsi2 _bswapsi2 _bswapdi2 _powisf2 _powidf2 _powixf2 _mulsc3 _muldc3 _mulxc3 _divsc3 _divdc3 _divxc3
  _fixunssfdi _fixunsdfdi _fixunsxfdi'
for name in $double; do
  compile "wide$name.o" libgcc2.c "-DL$name"
done
for name in $double $other; do
  compile "$name.o" libgcc2.c "-DL$name" -DMIN_UNITS_PER_WORD=4
done

# The versions of the symbols, from GCC's own lists and by its own program.
sed -e 's/__PFX__/__/g' -e 's/__FIXPTPFX__/__gnu_/g' "$source/libgcc/libgcc-std.ver.in" > libgcc-std.ver
{
  nm -pg ./*.o
  echo %%
  cat libgcc-std.ver "$source/libgcc/config/i386/libgcc-glibc.ver" |
    sed -e '/^[	 ]*#/d' -e 's/^%\(if\|else\|elif\|endif\|define\)/#\1/' | gcc -E -P -x assembler-with-cpp -
} | awk -f "$source/libgcc/mkmap-symver.awk" > libgcc.map
gcc -shared -nodefaultlibs $LDFLAGS -Wl,-z,defs -Wl,-soname,libgcc_s.so.1 -Wl,--version-script,libgcc.map -o libgcc_s.so.1 ./*.o -lc
