# Which keys may sign today: a line `FINGERPRINT STATE` for each, and into the files `usable`.4 and `usable`.6, by version,
# the places of what a program may see of the keyring, as `FIRST SIZE`.  sqv judges a key by the date of the signature,
# so a key that has expired since, or that was revoked as superseded, would stay good for ever; gpgv takes keys of any
# length.  Of a certificate that is there several times, the copy with the newest statement counts and comes first; a
# revocation counts in each.  `now`; `prints` are the fingerprints of all keys, as they follow each other.
function is_weak(p,   algorithm) {
    algorithm = b[body[p] + 5]
    return algorithm == 17 || (algorithm >= 1 && algorithm <= 3 && octets(body[p] + (b[body[p]] == 6 ? 10 : 6), 2) < 2048)
}
# a packet that belongs to a key, which belongs to a copy of a certificate
function take(p, key, copy) {
    if (tag[p] != 2 && tag[p] != 13 && tag[p] != 17) return
    tail[key] = tail[key] " " p
    if (tag[p] != 2 || !read_signature(p)) return
    if (kind == (key == copy ? 32 : 40)) revoked[name[key]]
    if (key == copy ? !(kind == 31 || (kind >= 16 && kind <= 19)) : kind != 24) return
    if (!is_issuer(name[copy])) return
    if (!(key in newest) || made > newest[key]) { newest[key] = made; life[key] = key_lifetime }
    if (made > rank[copy]) rank[copy] = made
}
function judge(key) {
    if (name[key] in revoked) return "revoked"
    if (!(key in newest)) return "not certified by itself"
    if (life[key] && now >= octets(body[key] + 1, 4) + life[key]) return "expired"
    return is_weak(key) ? "too weak" : "usable"
}
function sift(copy,   i, k, size, length_of, keys, parts, whole) {
    size = split(members[copy], keys, " ")
    for (i = 1; i <= size; i++) {
        whole = name[copy] in state ? state[name[copy]] : "usable"
        if (!(name[keys[i]] in state)) {
            state[name[keys[i]]] = whole == "usable" ? judge(keys[i]) : whole
            print name[keys[i]], state[name[keys[i]]]
        }
        if (state[name[copy]] != "usable" || state[name[keys[i]]] != "usable") continue
        length_of = split(keys[i] tail[keys[i]], parts, " ")
        for (k = 1; k <= length_of; k++) print start[parts[k]] + 1, stop[parts[k]] - start[parts[k]] > (usable "." b[body[copy]])
    }
}
END {
    split_packets()
    if (count && tag[0] != 6) exit 9
    split(prints, print_list, " ")
    for (p = 0; p < count; p++) {
        if (tag[p] != 6 && tag[p] != 14) { take(p, key, copy); continue }
        if (stop[p] - body[p] < (b[body[p]] == 6 ? 12 : 8)) exit 9
        key = p
        name[key] = print_list[++found]
        if (tag[p] == 6) { copy = key; copies[++certificates] = copy; rank[copy] = 0 }
        members[copy] = members[copy] " " key
    }
    for (i = 1; i <= certificates; i++) {
        best = ""
        for (k = 1; k <= certificates; k++) {
            copy = copies[k]
            if (!(copy in done) && (best == "" || rank[copy] > rank[best])) best = copy
        }
        done[best]
        sift(best)
    }
}
