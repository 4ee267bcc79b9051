# Reads `od -An -v -tu1` of OpenPGP data into b[0..n-1].  Data that is not what it should be ends with status 9.
function octets(i, count,   value) {
    value = 0
    while (count-- > 0) value = value * 256 + b[i++]
    return value
}
function hex(i, count,   text) {
    text = ""
    while (count-- > 0) text = text sprintf("%02x", b[i++])
    return text
}
function size_at(i) {
    if (b[i] < 192) { width = 1; return b[i] }
    if (b[i] < 224) { width = 2; return (b[i] - 192) * 256 + b[i + 1] + 192 }
    if (b[i] == 255) { width = 5; return octets(i + 1, 4) }
    exit 9
}
# packet p: tag[p], start[p], body[p], stop[p]
function split_packets(   at, size) {
    for (at = count = 0; at < n; at = stop[count++]) {
        if (b[at] < 128) exit 9
        start[count] = at
        if (b[at] >= 192) {
            tag[count] = b[at] - 192
            size = size_at(at + 1)
        } else {
            tag[count] = int((b[at] - 128) / 4)
            if (b[at] % 4 == 3) exit 9
            width = 2 ^ (b[at] % 4)
            size = octets(at + 1, width)
        }
        body[count] = at + 1 + width
        stop[count] = body[count] + size
        if (stop[count] > n) exit 9
    }
}
# what a signature says: version, kind, digest, made, lifetime, key_lifetime, issuers[]; false for one of an old version
function read_signature(p,   at, part, end, size, what, wide) {
    made = lifetime = key_lifetime = 0
    split("", issuers)
    version = stop[p] > body[p] ? b[body[p]] : "none"
    if (version != 4 && version != 6) return 0
    if (stop[p] - body[p] < 4) exit 9
    kind = b[body[p] + 1]; digest = b[body[p] + 3]
    wide = version == 6 ? 4 : 2
    at = body[p] + 4
    for (part = 0; part < 2; part++) {
        end = at + wide + octets(at, wide)
        if (end > stop[p]) exit 9
        for (at += wide; at < end; at += size) {
            size = size_at(at); at += width
            if (size < 1 || at + size > end) exit 9
            what = b[at] % 128
            if (part == 0 && (what == 2 || what == 3 || what == 9)) {
                if (size != 5) exit 9
                if (what == 2) made = octets(at + 1, 4)
                else if (what == 3) lifetime = octets(at + 1, 4)
                else key_lifetime = octets(at + 1, 4)
            } else if (what == 16) issuers[hex(at + 1, size - 1)]
            else if (what == 33) issuers[hex(at + 2, size - 2)]
        }
    }
    return 1
}
# whether the signature that was read names the key with this fingerprint
function is_issuer(fpr) {
    return (fpr in issuers) || ((length(fpr) == 40 ? substr(fpr, 25) : substr(fpr, 1, 16)) in issuers)
}
{ for (field = 1; field <= NF; field++) b[n++] = $field + 0 }
