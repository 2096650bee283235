using System.CommandLine;
using ForegSyte.CommandLine.Completion;

namespace ForegSyte.CommandLine.Commands;

/// <summary>Arguments that several commands take.</summary>
internal static class SharedArguments
{
    /// <summary>What the help of a command that takes <see cref="JobIds"/> says about them.</summary>
    public const string SeveralJobs =
        "A job that is refused is told, and the others have their turn; the exit code is that of the first refusal.";

    /// <summary>Jobs that may still change.</summary>
    public const string Unfinished = "status = PENDING OR status = RUNNING";

    /// <summary>Jobs that did not come to their end.</summary>
    public const string Unsuccessful = "status = FAILED OR status = CANCELLED";

    /// <summary>Jobs that change no more.</summary>
    public const string Ended = "status = COMPLETED OR " + Unsuccessful;

    /// <summary>Id of a job.</summary>
    /// <param name="completedWith">Which jobs a shell offers, an AIP-160 expression; empty for all.</param>
    public static Argument<string> JobId(string completedWith = "") =>
        new Argument<string>("JOB_ID") { Description = "Id of the job, a UUID." }.WantsJobs(completedWith);

    /// <summary>Ids of one or more jobs.</summary>
    /// <param name="completedWith">Which jobs a shell offers, an AIP-160 expression.</param>
    public static Argument<string[]> JobIds(string completedWith) => new Argument<string[]>("JOB_ID")
    {
        Description = "Ids of the jobs, UUIDs.",
        Arity = ArgumentArity.OneOrMore,
    }.WantsJobs(completedWith);

    /// <summary>Whether to write JSON.</summary>
    public static Option<bool> Json(string what) => new("--json") { Description = $"Write {what} as JSON." };
}
