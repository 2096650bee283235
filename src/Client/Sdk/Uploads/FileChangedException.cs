namespace ForegSyte.Client.Uploads;

/// <summary>The file was written while it was uploaded: what is at the server is neither its old nor its new bytes.</summary>
internal sealed class FileChangedException(string path)
    : IOException($"{path} was changed while it was uploaded. Submit it again when nothing writes to it.");
