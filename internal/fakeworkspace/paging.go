package fakeworkspace

import (
	"encoding/base64"
	"strconv"
)

// pageToken is a place in a list that a client can't make up.
func pageToken(from int) string {
	return base64.RawURLEncoding.EncodeToString([]byte("from:" + strconv.Itoa(from)))
}

// page is the place that a request's token means; 0 without one.
func (c *call) page() (int, *Error) {
	given := c.query("page_token")
	if given == "" {
		return 0, nil
	}
	place, err := base64.RawURLEncoding.DecodeString(given)
	if err == nil && len(place) > 5 && string(place[:5]) == "from:" {
		if from, err := strconv.Atoi(string(place[5:])); err == nil && from >= 0 {
			return from, nil
		}
	}
	return 0, invalid("page_token %q is not one that was given", given)
}
