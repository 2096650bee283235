using ForegSyte.Client;
using ForegSyte.CommandLine.Output;
using ForegSyte.CommandLine.Running;
using Grpc.Core;

namespace ForegSyte.CommandLine.Commands;

/// <summary>Does the same with several jobs.</summary>
internal static class EachJob
{
    /// <summary>
    /// Writes one line a job: its id and what became of it. A job that is refused does not keep those after it from
    /// their turn; a server that is away does, since it would be away for them too.
    /// </summary>
    /// <param name="context">What the command works with.</param>
    /// <param name="jobIds">The jobs; one that is named twice has one turn.</param>
    /// <param name="act">Does it and tells what became of the job, for example "cancelled".</param>
    /// <returns>Ok, or the exit code of the first job that was refused.</returns>
    /// <exception cref="ForegSyteException">The only job was refused, or the server was not reached.</exception>
    public static async Task<ExitCode> DoAsync(
        CommandContext context, IEnumerable<string> jobIds, Func<string, Task<string>> act)
    {
        string[] distinct = [.. jobIds.Distinct(StringComparer.OrdinalIgnoreCase)];
        var exitCode = ExitCode.Ok;
        foreach (var jobId in distinct)
        {
            try
            {
                var outcome = await act(jobId);
                await context.Environment.Output.WriteLineAsync(SafeText.OneLine($"{jobId} {outcome}"));
            }
            catch (ForegSyteException refused) when (distinct.Length > 1 && IsAboutTheJob(refused))
            {
                ErrorReport.Write(context.Error, refused, context.IsVerbose, about: jobId);
                exitCode = exitCode == ExitCode.Ok ? ExitCodes.Of(refused) : exitCode;
            }
        }

        return exitCode;
    }

    private static bool IsAboutTheJob(ForegSyteException refused) =>
        refused.ReasonText.Length > 0 && refused.Code is not (StatusCode.Unavailable or StatusCode.DeadlineExceeded);
}
