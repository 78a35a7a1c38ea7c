package hdf5

import (
	"encoding/binary"
	"math/bits"
)

// checksum is Bob Jenkins's hash of bytes, lookup3 (http://burtleburtle.net/bob/c/lookup3.c), with which newer structures end.
func checksum(data []byte) uint32 {
	a := 0xdeadbeef + uint32(len(data))
	b, c := a, a
	for len(data) > 12 {
		a += binary.LittleEndian.Uint32(data)
		b += binary.LittleEndian.Uint32(data[4:])
		c += binary.LittleEndian.Uint32(data[8:])
		for i := 0; i < 2; i++ {
			shift := [2][3]int{{4, 6, 8}, {16, 19, 4}}[i]
			a, c = a-c^bits.RotateLeft32(c, shift[0]), c+b
			b, a = b-a^bits.RotateLeft32(a, shift[1]), a+c
			c, b = c-b^bits.RotateLeft32(b, shift[2]), b+a
		}
		data = data[12:]
	}
	if len(data) == 0 {
		return c
	}
	var last [12]byte
	copy(last[:], data)
	a += binary.LittleEndian.Uint32(last[:])
	b += binary.LittleEndian.Uint32(last[4:])
	c += binary.LittleEndian.Uint32(last[8:])
	c = (c ^ b) - bits.RotateLeft32(b, 14)
	a = (a ^ c) - bits.RotateLeft32(c, 11)
	b = (b ^ a) - bits.RotateLeft32(a, 25)
	c = (c ^ b) - bits.RotateLeft32(b, 16)
	a = (a ^ c) - bits.RotateLeft32(c, 4)
	b = (b ^ a) - bits.RotateLeft32(a, 14)
	return (c ^ b) - bits.RotateLeft32(b, 24)
}
