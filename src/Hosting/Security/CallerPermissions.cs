namespace ForegSyte.Hosting.Security;

/// <summary>What a caller may do. The names, in lower case, are those of the configuration.</summary>
[Flags]
public enum CallerPermissions
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Make jobs and uploads of the caller's tenant, and change them.</summary>
    Submit = 1,

    /// <summary>Read the jobs of the caller's tenant, their results, and what the server is.</summary>
    Read = 2,

    /// <summary>Everything, for the jobs and uploads of every tenant.</summary>
    Admin = 4,
}
