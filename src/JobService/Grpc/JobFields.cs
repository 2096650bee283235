using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Grpc;

/// <summary>
/// Validates the fields of a job that callers set. Pure. An invalid field is a ServiceException that names it.
/// </summary>
internal static class JobFields
{
    private const string DisplayNameField = "display_name";
    private const string TagsField = "tags";
    private const string PriorityField = "priority";
    private const string AllFields = "*";

    /// <summary>Returns the name if it keeps the limits of Job.display_name.</summary>
    /// <param name="text">The name.</param>
    /// <param name="parent">The message that has the field, for the error, such as "job."; empty for the request.
    /// </param>
    public static string DisplayName(string text, string parent = "") =>
        text.EnumerateRunes().Count() <= JobGrpcService.MaxDisplayNameLength && !text.Any(char.IsControl)
            ? text
            : throw ServiceException.InvalidField(
                parent + DisplayNameField,
                $"{parent}{DisplayNameField} must have at most {JobGrpcService.MaxDisplayNameLength} code points and "
                + "no control characters.",
                text.Any(char.IsControl) ? null : text);

    /// <summary>Returns a priority from 0 to 9; null becomes the default.</summary>
    public static int Priority(int? priority, string parent = "") =>
        priority is null or (>= JobPriority.Lowest and <= JobPriority.Highest)
            ? priority ?? JobPriority.Default
            : throw ServiceException.InvalidField(
                parent + PriorityField,
                $"{parent}{PriorityField} must be {JobPriority.Lowest} to {JobPriority.Highest}; "
                + $"{JobPriority.Highest} runs first.",
                priority);

    /// <summary>Returns the tags if they keep the limits of Job.tags. The error also names the key.</summary>
    public static JobTags Tags(IReadOnlyCollection<KeyValuePair<string, string>> tags, string parent = "")
    {
        var field = parent + TagsField;
        if (tags.Count > JobTags.MaxCount)
        {
            throw ServiceException.InvalidField(
                field,
                string.Create(CultureInfo.InvariantCulture, $"{field} can have at most {JobTags.MaxCount} tags."),
                tags.Count);
        }

        foreach (var (key, value) in tags)
        {
            RequireTag(field, key, value);
        }

        return tags.Count == 0 ? JobTags.Empty : new JobTags(tags);
    }

    /// <summary>Returns the changes that an UpdateJob request asks for.</summary>
    public static JobUpdate Update(UpdateJobRequest request)
    {
        if (request.Job is not { } job)
        {
            throw ServiceException.MissingField("job", "Give its job_id and the new values of its fields.");
        }

        var fields = ChangedFields(request, job);
        return new JobUpdate(
            fields.Contains(DisplayNameField) ? DisplayName(job.DisplayName, "job.") : null,
            fields.Contains(TagsField) ? Tags(job.Tags, "job.") : null,
            fields.Contains(PriorityField) ? Priority(job.Priority, "job.") : null);
    }

    private static HashSet<string> ChangedFields(UpdateJobRequest request, Job job)
    {
        if (request.UpdateMask is not { Paths.Count: > 0 } mask)
        {
            return
            [
                .. job.DisplayName.Length > 0 ? [DisplayNameField] : Array.Empty<string>(),
                .. job.Tags.Count > 0 ? [TagsField] : Array.Empty<string>(),
                .. job.Priority != 0 ? [PriorityField] : Array.Empty<string>(),
            ];
        }

        string[] all = [DisplayNameField, TagsField, PriorityField];
        if (mask.Paths.FirstOrDefault(path => path != AllFields && !all.Contains(path)) is { } unknown)
        {
            throw ServiceException.InvalidField(
                "update_mask",
                $"update_mask has the path \"{ServiceException.Shorten(unknown)}\"; it can have "
                + $"{string.Join(", ", all)} or {AllFields} for all of them.",
                unknown);
        }

        return mask.Paths.Contains(AllFields) ? [.. all] : [.. mask.Paths];
    }

    private static void RequireTag(string field, string key, string value)
    {
        if (!JobTags.IsKey(key))
        {
            throw ServiceException.InvalidField(
                field,
                $"{field} has {(key.Length == 0 ? "an empty key" : $"the key \"{ServiceException.Shorten(key)}\"")}; "
                + $"a key must have 1 to {JobTags.MaxKeyLength} characters: a lower-case letter, then lower-case "
                + "letters, digits, underscores or hyphens.",
                key);
        }

        if (value.Any(char.IsControl) || value.EnumerateRunes().Count() > JobTags.MaxValueLength)
        {
            throw ServiceException.InvalidField(
                field,
                $"The value of the key \"{key}\" in {field} must have at most {JobTags.MaxValueLength} code points and "
                + "no control characters.",
                key);
        }
    }
}
