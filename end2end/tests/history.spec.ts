import { testsOfHistory } from "../support/history.ts";

testsOfHistory(false);
