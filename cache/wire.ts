// The few pieces of protobuf's wire format that a canonical Directory needs (protobuf encoding spec: varints, tags, length-delimited fields).

export const varintType = 0
export const bytesType = 2

/** Collects the bytes of one message, in one buffer: a file of a folder is a message of three others, and a build encodes thousands. */
export class WireWriter {
  #bytes: Buffer
  #length = 0

  /** `expected` bytes are not copied to a larger buffer when they come. */
  constructor(expected = 128) {
    this.#bytes = Buffer.allocUnsafe(expected)
  }

  get length(): number {
    return this.#length
  }

  varintField(field: number, value: number): void {
    this.#room(2 * longestVarint)
    this.#varint((field << 3) | varintType)
    this.#varint(value)
  }

  textField(field: number, text: string): void {
    const length = Buffer.byteLength(text)
    this.#head(field, length)
    this.#length += this.#bytes.write(text, this.#length)
  }

  messageField(field: number, message: WireWriter): void {
    this.#head(field, message.#length)
    this.#length += message.#bytes.copy(this.#bytes, this.#length, 0, message.#length)
  }

  /** Adds what another one has collected. */
  append(other: WireWriter): void {
    this.#room(other.#length)
    this.#length += other.#bytes.copy(this.#bytes, this.#length, 0, other.#length)
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  #head(field: number, length: number): void {
    this.#room(2 * longestVarint + length)
    this.#varint((field << 3) | bytesType)
    this.#varint(length)
  }

  #varint(value: number): void {
    // Division, not shifts: sizes go beyond 32 bits.
    let rest = value
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#bytes[this.#length++] = (rest % 0x80) | 0x80
    this.#bytes[this.#length++] = rest
  }

  #room(more: number): void {
    if (this.#length + more <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(2 * (this.#length + more))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}

/** Bytes of the largest safe integer. */
const longestVarint = 8

/** Thrown by WireReader for bytes that no canonical encoder writes. */
export class MalformedWire extends Error {
  constructor(what: string, at: number) {
    super(`${what} at byte ${at}`)
    this.name = 'MalformedWire'
  }
}

/** Reads one message field by field; refuses padded varints, so equal messages have equal bytes. */
export class WireReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.#at === this.#bytes.byteLength
  }

  /** The field number and wire type of what comes next. */
  tag(): { readonly field: number; readonly type: number } {
    const tag = this.varint()
    if (tag > 0xffff_ffff || tag < 8) this.refuse('bad tag')
    return { field: Math.floor(tag / 8), type: tag % 8 }
  }

  varint(): number {
    let value = 0
    let factor = 1
    for (let count = 1; count <= 8; count++) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) this.refuse('truncated varint')
      value += (byte % 0x80) * factor
      factor *= 0x80
      if (byte >= 0x80) continue
      if (byte === 0 && count > 1) this.refuse('padded varint')
      if (!Number.isSafeInteger(value)) this.refuse('number too large')
      return value
    }
    return this.refuse('number too large')
  }

  bytes(): Uint8Array {
    const length = this.varint()
    const end = this.#at + length
    if (end > this.#bytes.byteLength) this.refuse('truncated field')
    const part = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return part
  }

  refuse(what: string): never {
    throw new MalformedWire(what, this.#at)
  }
}
