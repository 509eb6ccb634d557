package wire

import "tabletop/sim"

// Dest returns the server that a request is meant for, or NoServer if it is meant for whoever is at
// the address.
func Dest(req sim.Message) ServerID {
	switch req := req.(type) {
	case *UpdateConsensusRequest:
		return req.Dest
	case *VoteRequest:
		return req.Dest
	case *ChangeConfigRequest:
		return req.Dest
	case *RunLeaderElectionRequest:
		return req.Dest
	case *LeaderStepDownRequest:
		return req.Dest
	case *CreateTabletRequest:
		return req.Dest
	case *AlterSchemaRequest:
		return req.Dest
	case *DeleteTabletRequest:
		return req.Dest
	case *StartTabletCopyRequest:
		return req.Dest
	case *BeginCopySessionRequest:
		return req.Dest
	case *FetchDataRequest:
		return req.Dest
	case *EndCopySessionRequest:
		return req.Dest
	case *WriteRequest:
		return req.Dest
	case *ScanRequest:
		return req.Dest
	}
	return NoServer
}

// Refuse returns the answer to a request about a tablet that says no more than that code.
func Refuse(req sim.Message, code Code) sim.Message {
	switch req := req.(type) {
	case *UpdateConsensusRequest:
		return &UpdateConsensusResponse{Tablet: req.Tablet, Code: code}
	case *VoteRequest:
		return &VoteResponse{Tablet: req.Tablet, Candidate: req.Candidate, VoteTerm: req.Term,
			PreElection: req.PreElection, Code: code}
	case *BeginCopySessionRequest:
		return &BeginCopySessionResponse{Status: Err(code, "")}
	case *FetchDataRequest:
		return &FetchDataResponse{Status: Err(code, "")}
	case *WriteRequest:
		return &WriteResponse{Status: Err(code, "")}
	case *ScanRequest:
		return &ScanResponse{Status: Err(code, "")}
	}
	return &TabletResponse{Status: Err(code, "")}
}
