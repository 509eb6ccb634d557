package placement

import (
	"fmt"
	"strings"
)

// ParseLocation returns what a location mapping answered as a location: without the white space
// around it, a slash and then letters, digits, "_", "-", "." and slashes. The slashes mean
// nothing to the rules of placement: locations are compared as a whole
// (LocationCache::GetLocationFromLocationMappingCmd).
func ParseLocation(answer string) (string, error) {
	location := strings.TrimSpace(answer)
	if location == "" {
		return "", fmt.Errorf("empty location")
	}
	return location, ValidLocation(location)
}

// ValidLocation tells what is wrong with a location, or nil. The empty string, by which a server
// without a location goes, is none (IsValidLocation).
func ValidLocation(location string) error {
	if !strings.HasPrefix(location, "/") {
		return fmt.Errorf("bad location %q: want a leading /", location)
	}
	for _, r := range location {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9',
			strings.ContainsRune("_-./", r):
		default:
			return fmt.Errorf("bad location %q: want letters, digits and _-./ only, not %q",
				location, r)
		}
	}
	return nil
}
