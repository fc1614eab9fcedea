package powerbi

import (
	"strings"

	"github.com/google/uuid"
)

// namespace is the space of all ids in a project of ours.
var namespace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://github.com/cryptostream/lakectl/powerbi"))

// identity returns the id of a thing by its kind and names: the same at every export, so that Power BI knows
// a column again whose name has changed on the other side, and a diff shows what has changed.
func identity(names ...string) string {
	return uuid.NewSHA1(namespace, []byte(strings.Join(names, "\x00"))).String()
}
