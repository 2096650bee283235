using System.CommandLine;

namespace ForegSyte.CommandLine.Commands;

/// <summary>Arguments that several commands take.</summary>
internal static class SharedArguments
{
    /// <summary>Id of a job.</summary>
    public static Argument<string> JobId() => new("JOB_ID") { Description = "Id of the job, a UUID." };

    /// <summary>Whether to write JSON.</summary>
    public static Option<bool> Json(string what) => new("--json") { Description = $"Write {what} as JSON." };
}
