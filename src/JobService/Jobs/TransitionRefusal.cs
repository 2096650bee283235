namespace ForegSyte.Jobs;

/// <summary>Why a change of a job was refused.</summary>
internal enum TransitionRefusal
{
    /// <summary>The status does not lead to the asked one; terminal ones lead nowhere.</summary>
    WrongStatus,

    /// <summary>The caller's lease token is not the job's: another dispatcher took it over.</summary>
    StaleLease,
}
