package audit

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// ReadCheckpoint reads a checkpoint and checks its signature. Whose key it is, is for the reader to know.
func ReadCheckpoint(text []byte) (Checkpoint, error) {
	var c Checkpoint
	if json.Unmarshal(text, &c) != nil || c.Format != checkpointFormat {
		return c, fmt.Errorf("%w: it is not a checkpoint of Drover", ErrCheckpoint)
	}
	key, errKey := base64.StdEncoding.DecodeString(c.Key)
	signature, errSignature := base64.StdEncoding.DecodeString(c.Signature)
	signed, err := c.signed()
	if err != nil || errKey != nil || errSignature != nil || len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, signed, signature) {
		return c, fmt.Errorf("%w: its signature does not match its content", ErrCheckpoint)
	}
	return c, nil
}
