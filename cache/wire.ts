// The few pieces of protobuf's wire format that a canonical Directory needs (protobuf encoding spec: varints, tags, length-delimited fields).

export const varintType = 0
export const bytesType = 2

/** Collects the bytes of one message. */
export class WireWriter {
  readonly #parts: Uint8Array[] = []
  #length = 0

  get length(): number {
    return this.#length
  }

  varintField(field: number, value: number): void {
    this.#varint((field << 3) | varintType)
    this.#varint(value)
  }

  bytesField(field: number, bytes: Uint8Array): void {
    this.#varint((field << 3) | bytesType)
    this.#varint(bytes.byteLength)
    this.#push(bytes)
  }

  messageField(field: number, message: WireWriter): void {
    this.#varint((field << 3) | bytesType)
    this.#varint(message.length)
    for (const part of message.#parts) this.#push(part)
  }

  finish(): Uint8Array {
    return Buffer.concat(this.#parts, this.#length)
  }

  #varint(value: number): void {
    if (value < 0x80) return this.#push(single[value] ?? Uint8Array.of(value))
    const bytes: number[] = []
    // Division, not shifts: sizes go beyond 32 bits.
    let rest = value
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
    bytes.push(rest)
    this.#push(Uint8Array.from(bytes))
  }

  #push(bytes: Uint8Array): void {
    this.#parts.push(bytes)
    this.#length += bytes.byteLength
  }
}

const single: readonly Uint8Array[] = Array.from({ length: 0x80 }, (_, value) => Uint8Array.of(value))

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
