package errorid

//go:generate go test -count=1 -run ^TestDocument$ . -update

// The conditions. Each has its entry in the register.
const (
	Unexpected           ID = "PXE-001"
	Cancelled            ID = "PXE-002"
	OutOfTime            ID = "PXE-003"
	BaseURL              ID = "PXE-004"
	CredentialsMissing   ID = "PXE-005"
	AuthMethod           ID = "PXE-006"
	CACertificate        ID = "PXE-007"
	Number               ID = "PXE-008"
	CredentialsRefused   ID = "PXE-009"
	LoginNotOffered      ID = "PXE-010"
	PermissionMissing    ID = "PXE-011"
	TokenRefused         ID = "PXE-012"
	CertificateUntrusted ID = "PXE-013"
	CertificateName      ID = "PXE-014"
	TLSRefused           ID = "PXE-015"
	NotTLS               ID = "PXE-016"
	HostUnknown          ID = "PXE-017"
	NoAnswer             ID = "PXE-018"
	TimedOut             ID = "PXE-019"
	TooSlow              ID = "PXE-020"
	Unavailable          ID = "PXE-021"
	Throttled            ID = "PXE-022"
	GivenUp              ID = "PXE-023"
	NotPrivX             ID = "PXE-024"
	AnswerTooLong        ID = "PXE-025"
	AnswerUnusable       ID = "PXE-026"
	RequestRefused       ID = "PXE-027"
	NotFound             ID = "PXE-028"
	NotSent              ID = "PXE-029"
	PageRepeated         ID = "PXE-030"
	RowsMissing          ID = "PXE-031"
	ListEmpty            ID = "PXE-032"
	ListUnsettled        ID = "PXE-033"
	ListsAtOnce          ID = "PXE-034"
	UsersMissing         ID = "PXE-035"
	ExistsAndNotFound    ID = "PXE-036"
	NotAUser             ID = "PXE-037"
	OwnClient            ID = "PXE-038"
	OwnClientUnknown     ID = "PXE-039"
	MappedOnly           ID = "PXE-040"
	Everybodys           ID = "PXE-041"
	ReadOnly             ID = "PXE-042"
	ChangeDoesNotStay    ID = "PXE-043"
	ChangeUnverified     ID = "PXE-044"
	UserFoundAndNot      ID = "PXE-045"
	UserNotProvenGone    ID = "PXE-046"
	ChangeNotShown       ID = "PXE-047"
	RolesNotBelieved     ID = "PXE-048"
	TimesUnreadable      ID = "PXE-049"
	NoDate               ID = "PXE-050"
	NotStarted           ID = "PXE-051"
	TaskNotDone          ID = "PXE-052"
	NothingSaved         ID = "PXE-053"
	DoctorMisused        ID = "PXE-054"
	DoctorUnwritten      ID = "PXE-055"
	SettingUnfit         ID = "PXE-056"
	NotInThisPrivX       ID = "PXE-057"
	TargetTooLarge       ID = "PXE-058"
	TooManyRows          ID = "PXE-059"
	RowWithoutRoles      ID = "PXE-060"
)

// Entry is what is known of a condition.
type Entry struct {
	ID ID
	// Title is a sentence that tells the condition from the others.
	Title string
	// Cases are the ways in which the condition shows. There is at least one.
	Cases []Case
	// Test is a test that has the connector fail with the id: the folder of its package, a
	// dot and its name.
	Test string
}

// Case is one way in which a condition shows.
type Case struct {
	// Text is a part of the error's text by which the case is found, in Markdown; empty if
	// there are many.
	Text string
	// Cause is why it comes to that, and Do what can be done about it: whole sentences.
	Cause, Do string
}

// Group is conditions that belong together, in the order of the page.
type Group struct {
	Name    string
	Entries []Entry
}

// Groups returns the whole register.
func Groups() []Group {
	return []Group{configuration, credentials, connection, answers, syncing, reach, provisioning, runs, doctor, anywhere}
}

// All returns the entries of all groups.
func All() []Entry {
	var all []Entry
	for _, group := range Groups() {
		all = append(all, group.Entries...)
	}
	return all
}
