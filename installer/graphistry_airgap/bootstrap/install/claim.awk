# The version of a signature, or why it cannot count, whoever made it: gpgv takes digests, kinds, keys and dates that sqv refuses.
# `now`, and `latest`, which is later by what two clocks may differ; `keys` is what keyring.awk says, `ahead` the
# file that gets the date of a signature from the future.
function state_of_issuer(   line, fpr) {
    while ((getline line < keys) > 0) {
        fpr = substr(line, 1, index(line, " ") - 1)
        if (is_issuer(fpr) && (line = substr(line, length(fpr) + 2)) != "usable") return line
    }
}
END {
    split_packets()
    names[1] = "MD5"; names[2] = "SHA-1"; names[3] = "RIPEMD-160"; names[11] = "SHA-224"
    if (!read_signature(0)) why = "it is of version " version ", and only 4 and 6 count"
    else if (kind != 0) why = sprintf("it is of kind 0x%02x, and only 0x00, over bytes, counts", kind)
    else if (digest < 8 || digest > 10)
        why = "its digest is " (digest in names ? names[digest] : "number " digest) ", and only SHA-256, SHA-384, SHA-512 count"
    else if ((state = state_of_issuer()) != "") why = "the key that made it is " state
    else if (lifetime && now >= made + lifetime) why = "the signature has expired"
    if (made > latest) { print made >> ahead; why = "it says that it was made in the future" }
    print why == "" ? version : why
    exit why != ""
}
