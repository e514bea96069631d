package backup

import (
	"crypto/sha256"
	"encoding/binary"
)

// mendSums puts the right checksums on whatever stands there, as far as frames can
// be told, so that fuzzing gets past them; the SHA-256 at the end only if whole is set.
func mendSums(file []byte, whole bool) {
	if len(file) < headerBytes {
		return
	}
	sum := checksum(0, file[:headerBytes-sumBytes])
	binary.LittleEndian.PutUint32(file[headerBytes-sumBytes:], sum)
	for at := headerBytes; len(file)-at >= frameBytes+sumBytes; {
		n := int(binary.LittleEndian.Uint32(file[at+4:]))
		end := at + frameBytes + n
		if n > len(file) || end+sumBytes > len(file) {
			return
		}
		if binary.LittleEndian.Uint32(file[at:]) == kindEnd && n == sha256.Size && whole {
			sum := sha256.Sum256(file[:at])
			copy(file[at+frameBytes:], sum[:])
		}
		sum = checksum(sum, file[at:end])
		binary.LittleEndian.PutUint32(file[end:], sum)
		at = end + sumBytes
	}
}
