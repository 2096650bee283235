using ForegSyte.Client;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.CommandLine.Output;
using Grpc.Core;

namespace ForegSyte.CommandLine.Commands;

/// <summary>Applies one action to several jobs.</summary>
internal static class JobBatch
{
    /// <summary>
    /// Runs the action for each job and prints the id and the outcome. An error about one job does not stop the batch;
    /// an unavailable server does.
    /// </summary>
    /// <param name="context">Services of the command.</param>
    /// <param name="jobIds">Ids of the jobs; duplicates are ignored.</param>
    /// <param name="act">Runs the action and returns the outcome, for example "cancelled".</param>
    /// <returns>Ok, or the exit code of the first error.</returns>
    /// <exception cref="ForegSyteException">The only job failed, or the server could not be reached.</exception>
    public static async Task<ExitCode> RunAsync(
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
            catch (ForegSyteException failure) when (distinct.Length > 1 && IsAboutTheJob(failure))
            {
                ErrorReport.Write(context.Error, failure, context.IsVerbose, jobId);
                exitCode = exitCode == ExitCode.Ok ? ExitCodes.Of(failure) : exitCode;
            }
        }

        return exitCode;
    }

    private static bool IsAboutTheJob(ForegSyteException failure) =>
        failure.ReasonText.Length > 0 && failure.Code is not (StatusCode.Unavailable or StatusCode.DeadlineExceeded);
}
