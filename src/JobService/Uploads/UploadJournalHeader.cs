namespace ForegSyte.Jobs.Uploads;

/// <summary>The header of an upload's journal.</summary>
/// <param name="Upload">What CreateUpload was told.</param>
/// <param name="BootId">
/// The run of the operating system in which the journal was begun: in another one, what the records say has to be
/// checked. Empty where the operating system does not tell.
/// </param>
internal sealed record UploadJournalHeader(UploadRecord Upload, string BootId);
