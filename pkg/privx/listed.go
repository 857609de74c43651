package privx

import "encoding/json"

// Rows of lists of targets, for who reads the lists in another way than this package's
// methods do. What the methods refuse is an error here, too.

// ListedHost reads a row of the list of hosts. Accounts that it does not tell are none.
func ListedHost(text []byte) (Host, error) { return listed[hostRow, Host](text) }

// ListedSecret reads a row of the list of secrets.
func ListedSecret(text []byte) (Secret, error) { return listed[secretRow, Secret](text) }

// ListedNetworkTarget reads a row of the list of network targets.
func ListedNetworkTarget(text []byte) (NetworkTarget, error) {
	return listed[networkRow, NetworkTarget](text)
}

// ListedAPITarget reads a row of the list of API targets.
func ListedAPITarget(text []byte) (APITarget, error) { return listed[apiRow, APITarget](text) }

// ListedAWSRole reads a row of the list of AWS roles.
func ListedAWSRole(text []byte) (AWSRole, error) { return listed[awsRow, AWSRole](text) }

func listed[R row[T], T any](text []byte) (T, error) {
	var r R
	if err := json.Unmarshal(text, &r); err != nil {
		var none T
		return none, err
	}
	return r.target()
}
