using System.CommandLine;

namespace ForegSyte.CommandLine.Commands;

/// <summary>Arguments that several commands take.</summary>
internal static class SharedArguments
{
    /// <summary>What the help of a command that takes <see cref="JobIds"/> says about them.</summary>
    public const string SeveralJobs =
        "A job that is refused is told, and the others have their turn; the exit code is that of the first refusal.";

    /// <summary>Id of a job.</summary>
    public static Argument<string> JobId() => new("JOB_ID") { Description = "Id of the job, a UUID." };

    /// <summary>Ids of one or more jobs.</summary>
    public static Argument<string[]> JobIds() => new("JOB_ID")
    {
        Description = "Ids of the jobs, UUIDs.",
        Arity = ArgumentArity.OneOrMore,
    };

    /// <summary>Whether to write JSON.</summary>
    public static Option<bool> Json(string what) => new("--json") { Description = $"Write {what} as JSON." };
}
