using System.CommandLine;
using ForegSyte.Client;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.CommandLine.Output;
using ForegSyte.V1;

namespace ForegSyte.CommandLine.Commands;

/// <summary>update: changes the name, the tags or the priority of a job.</summary>
internal static class UpdateCommand
{
    /// <summary>Attempts to change tags while others change the job, for example its progress.</summary>
    private const int MaxAttempts = 10;

    public static Command Create(CommandRunner runner)
    {
        var jobId = SharedOptions.JobId();
        var name = new Option<string?>("--name") { Description = "New display name.", HelpName = "TEXT" };
        var priority = new Option<int?>("--priority")
        {
            Description = "New priority of a job that has not ended, 0 to 9; 9 runs first.",
            HelpName = "N",
        };
        var tags = SharedOptions.Tags("Set a tag, and keep the others; can be repeated.");
        var removed = new Option<string[]>("--remove-tag")
        {
            Description = "Remove a tag; can be repeated.",
            HelpName = "KEY",
            DefaultValueFactory = _ => [],
        };
        var json = SharedOptions.Json("the changed job");
        var command = new Command("update", "Change the name, the tags or the priority of a job.")
        {
            jobId, name, priority, tags, removed, json,
        };
        command.Validators.Add(result =>
        {
            Option[] changes = [name, priority, tags, removed];
            if (changes.All(option => result.GetResult(option) is null or { Implicit: true }))
            {
                result.AddError("Nothing to change: use --name, --priority, --tag or --remove-tag.");
            }
        });
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            async (context, token) =>
            {
                var job = await UpdateAsync(
                    context.Client,
                    await context.JobIdAsync(arguments.GetRequiredValue(jobId), token),
                    new JobUpdate { DisplayName = arguments.GetValue(name), Priority = arguments.GetValue(priority) },
                    new TagChanges(arguments.GetRequiredValue(tags), arguments.GetRequiredValue(removed)),
                    token);
                await context.Environment.Output.WriteLineAsync(
                    arguments.GetValue(json)
                        ? SafeText.Json(job)
                        : SafeText.OneLine($"{job.JobId} updated"));
                return ExitCode.Ok;
            },
            cancellationToken));
        return command;
    }

    /// <summary>
    /// Updates the job. The server replaces all tags, so changed tags are based on a read of the job, and are sent with
    /// its etag: another caller's change starts this again.
    /// </summary>
    private static async Task<Job> UpdateAsync(
        ForegSyteClient client,
        string jobId,
        JobUpdate update,
        TagChanges changes,
        CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                if (changes.IsEmpty)
                {
                    return await client.UpdateJobAsync(jobId, update, cancellationToken: cancellationToken);
                }

                var job = await client.GetJobAsync(jobId, JobView.Basic, cancellationToken: cancellationToken);
                return await client.UpdateJobAsync(
                    jobId,
                    update with { Tags = changes.ApplyTo(job.Tags) },
                    job.Etag,
                    cancellationToken: cancellationToken);
            }
            catch (ForegSyteException failure)
                when (failure.Reason == ErrorReason.EtagMismatch && attempt < MaxAttempts)
            {
                // Someone else has changed the job since it was read.
            }
            catch (ForegSyteException failure)
                when (failure.Reason == ErrorReason.WrongJobStatus && update.Priority is not null)
            {
                // The server's text names the field of the request.
                throw new ForegSyteException(
                    failure.Reason, "The priority of a job that has ended cannot change. Omit --priority.", failure);
            }
        }
    }

    /// <param name="Set">Tags to set.</param>
    /// <param name="Removed">Keys of tags to remove.</param>
    private sealed record TagChanges(IReadOnlyDictionary<string, string> Set, IReadOnlyList<string> Removed)
    {
        public bool IsEmpty => Set.Count == 0 && Removed.Count == 0;

        public Dictionary<string, string> ApplyTo(IEnumerable<KeyValuePair<string, string>> tags)
        {
            var changed = tags.Where(tag => !Removed.Contains(tag.Key)).ToDictionary();
            foreach (var (key, value) in Set)
            {
                changed[key] = value;
            }

            return changed;
        }
    }
}
