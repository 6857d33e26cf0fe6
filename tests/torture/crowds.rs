//! Many files, many paths, links in circles, odd names; and the memory a run takes.
