package producer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

// spoolCursor is the file that says up to which sequence number Kafka has all. Two slots are written
// in turn, in place: a write that is cut off leaves the other, and a full disk does not matter. It is
// not fsynced: what a power cut forgets is sent again, a kill forgets nothing.
type spoolCursor struct {
	file *os.File
	turn int64
}

// A slot is a sequence number and its CRC-32C, little endian.
const cursorSlot = 12

// openCursor returns the file and what it says; 0 if nothing.
func openCursor(path string) (*spoolCursor, uint64, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, 0, err
	}
	var slots [2 * cursorSlot]byte
	if _, err := file.ReadAt(slots[:], 0); err != nil && !errors.Is(err, io.EOF) {
		_ = file.Close()
		return nil, 0, err
	}
	acked, turn := uint64(0), int64(0)
	for i := range int64(2) {
		if at, ok := readSlot(slots[i*cursorSlot:][:cursorSlot]); ok && at >= acked {
			acked, turn = at, 1-i
		}
	}
	return &spoolCursor{file, turn}, acked, nil
}

func readSlot(slot []byte) (acked uint64, ok bool) {
	acked = binary.LittleEndian.Uint64(slot)
	return acked, crc32.Checksum(slot[:8], castagnoli) == binary.LittleEndian.Uint32(slot[8:])
}

func (c *spoolCursor) write(acked uint64) error {
	var slot [cursorSlot]byte
	binary.LittleEndian.PutUint64(slot[:], acked)
	binary.LittleEndian.PutUint32(slot[8:], crc32.Checksum(slot[:8], castagnoli))
	_, err := c.file.WriteAt(slot[:], c.turn*cursorSlot)
	c.turn = 1 - c.turn
	if err != nil {
		return fmt.Errorf("noting what Kafka has of the spool: %w", err)
	}
	return nil
}
