// CRC-32C (Castagnoli), the checksum of each part of an upload, eight bytes at a time.

const tables = Array.from({ length: 8 }, () => new Uint32Array(256));
for (let index = 0; index < 256; index++) {
    let value = index;
    for (let bit = 0; bit < 8; bit++) {
        value = value & 1 ? value >>> 1 ^ 0x82f63b78 : value >>> 1;
    }

    tables[0][index] = value;
}

for (let index = 0; index < 256; index++) {
    for (let level = 1; level < 8; level++) {
        const before = tables[level - 1][index];
        tables[level][index] = before >>> 8 ^ tables[0][before & 255];
    }
}

/** The checksum of bytes, as an unsigned number. */
export function crc32c(bytes) {
    const [t0, t1, t2, t3, t4, t5, t6, t7] = tables;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const end = bytes.length - bytes.length % 8;
    let crc = 0xffffffff;
    for (let at = 0; at < end; at += 8) {
        const low = view.getUint32(at, true) ^ crc;
        const high = view.getUint32(at + 4, true);
        crc = t7[low & 255] ^ t6[low >>> 8 & 255] ^ t5[low >>> 16 & 255] ^ t4[low >>> 24]
            ^ t3[high & 255] ^ t2[high >>> 8 & 255] ^ t1[high >>> 16 & 255] ^ t0[high >>> 24];
    }

    for (let at = end; at < bytes.length; at++) {
        crc = crc >>> 8 ^ t0[(crc ^ bytes[at]) & 255];
    }

    return (crc ^ 0xffffffff) >>> 0;
}
