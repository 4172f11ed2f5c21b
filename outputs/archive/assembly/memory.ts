// Where things are in the module's memory. Below 0x1000 lies what the compiler puts there.

/** Most bytes of a call: a block and the window before it. */
export const inputSize: u32 = 524288 + 32768
/** Eight zero bytes follow what is in it, so that eight bytes can be read at any place. */
export const input: u32 = 0xb0000
export const output: u32 = 0x140000

/** u32 counts and words (code | bits << 24) of the literal and length symbols, then of the distance symbols. */
export const literalCounts: u32 = 0x1000
export const distanceCounts: u32 = 0x1480
export const countsSize: u32 = 0x500
export const literalWords: u32 = 0x1800
export const distanceWords: u32 = 0x1c80
/** u32 words of whole match lengths, 3 to 258: the code and its extra bits. */
export const lengthWords: u32 = 0x2000
/** u8 code lengths. */
export const literalBits: u32 = 0x2800
export const distanceBits: u32 = 0x2940
/** u8 symbols of match lengths, 3 to 258, less 257. */
export const lengthSymbols: u32 = 0x2a00

/** A block's code lengths as u8, and as run-length symbols (u16: symbol | extra << 5) with counts, lengths and words of their own code. */
export const allBits: u32 = 0x2c00
export const runs: u32 = 0x2e00
export const runCounts: u32 = 0x3100
export const runBits: u32 = 0x3160
export const runWords: u32 = 0x3200

/** What making a code needs: u32 keys (count << 9 | symbol), u32 weights and u16 parents of a tree's nodes, u32 codes or counts of each length. */
export const keys: u32 = 0x4000
export const otherKeys: u32 = 0x4800
export const weights: u32 = 0x5000
export const parents: u32 = 0x6000
export const perLength: u32 = 0x6800
export const nextCodes: u32 = 0x6880
export const perDigit: u32 = 0x6c00

/** u16 positions by a hash of four bytes, the newest; u32 positions by a hash of seven, the newest | the one before it << 16. */
export const shortTable: u32 = 0x10000
export const longTable: u32 = 0x20000
/** Eight bytes for each sequence: u32 literals, then u32 length << 16 | distance, 0 for none. */
export const sequences: u32 = 0x40000
