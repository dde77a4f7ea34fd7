/** Id of the heading of a circuit's details: where the keyboard is once they are there. */
export const DETAIL_TITLE = 'detail-title';
